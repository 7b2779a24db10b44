"""The parts without servers, in the order of their removal: rule, shop, sign-in, API, functions, queues, topics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clickstream.cloud import names
from clickstream.cloud.destroy.scope import Category, Item, Scope, tags_of

"""The construct of the infrastructure that serves files by CloudFront."""
_FUNCTIONS = (names.INGEST_FUNCTION, names.ETL_FUNCTION)


def _find_rules(scope: Scope) -> Iterator[Item | None]:
    """Yield the rules that start the ETL."""
    events = scope.client("events")
    for rule in scope.account.list("events", "list_rules", "Rules"):
        tags = tags_of(events.list_tags_for_resource(ResourceARN=rule["Arn"]).get("Tags"))
        yield scope.item("rule", rule["Name"], tags, rule["Name"], (names.ETL_RULE,))


def _delete_rule(scope: Scope, item: Item) -> None:
    events = scope.client("events")
    targets = [each["Id"] for each in events.list_targets_by_rule(Rule=item.id)["Targets"]]
    if targets:
        events.remove_targets(Rule=item.id, Ids=targets, Force=True)
    events.delete_rule(Name=item.id, Force=True)


def _find_shops(scope: Scope) -> Iterator[Item | None]:
    """Yield the Amplify apps. Each has a CloudFront distribution in an account of AWS, which goes with it."""
    for app in scope.account.list("amplify", "list_apps", "apps"):
        yield scope.item("Amplify app", app["appId"], app.get("tags") or {}, app["name"], (names.SHOP,))


def _delete_shop(scope: Scope, item: Item) -> None:
    amplify = scope.client("amplify")
    for association in amplify.list_domain_associations(appId=item.id)["domainAssociations"]:
        amplify.delete_domain_association(appId=item.id, domainName=association["domainName"])
    amplify.delete_app(appId=item.id)


def _find_distributions(scope: Scope) -> Iterator[Item | None]:
    cloudfront = scope.client("cloudfront")
    pages = cloudfront.get_paginator("list_distributions").paginate()
    for each in (summary for page in pages for summary in page["DistributionList"].get("Items", [])):
        tags = tags_of(cloudfront.list_tags_for_resource(Resource=each["ARN"])["Tags"].get("Items"))
        yield scope.item("CloudFront distribution", each["Id"], tags, each["DomainName"])


def _delete_distribution(scope: Scope, item: Item) -> None:
    """Disable a distribution, or delete it if that is done. AWS takes minutes between both."""
    cloudfront = scope.client("cloudfront")
    found = cloudfront.get_distribution(Id=item.id)
    config: dict[str, Any] = found["Distribution"]["DistributionConfig"]
    if config["Enabled"]:
        cloudfront.update_distribution(
            Id=item.id, IfMatch=found["ETag"], DistributionConfig={**config, "Enabled": False}
        )
        cloudfront.get_waiter("distribution_deployed").wait(Id=item.id, WaiterConfig={"Delay": 15, "MaxAttempts": 80})
        found = cloudfront.get_distribution(Id=item.id)
    cloudfront.delete_distribution(Id=item.id, IfMatch=found["ETag"])


def _find_access_controls(scope: Scope) -> Iterator[Item]:
    """Yield what signs CloudFront's requests to the bucket. It has no tags, but a name with stack and region."""
    listed = scope.client("cloudfront").list_origin_access_controls()["OriginAccessControlList"].get("Items") or ()
    for each in listed:
        if each["Name"].startswith(scope.global_prefix):
            yield Item("CloudFront access control", each["Id"], each["Name"])


def _delete_access_control(scope: Scope, item: Item) -> None:
    cloudfront = scope.client("cloudfront")
    tag = cloudfront.get_origin_access_control(Id=item.id)["ETag"]
    cloudfront.delete_origin_access_control(Id=item.id, IfMatch=tag)


def _find_header_policies(scope: Scope) -> Iterator[Item]:
    """Yield the headers that CloudFront adds, by name as well."""
    listed = scope.client("cloudfront").list_response_headers_policies(Type="custom")["ResponseHeadersPolicyList"]
    for each in (item["ResponseHeadersPolicy"] for item in listed.get("Items") or ()):
        name = each["ResponseHeadersPolicyConfig"]["Name"]
        if name.startswith(scope.global_prefix):
            yield Item("CloudFront header policy", each["Id"], name)


def _delete_header_policy(scope: Scope, item: Item) -> None:
    cloudfront = scope.client("cloudfront")
    tag = cloudfront.get_response_headers_policy(Id=item.id)["ETag"]
    cloudfront.delete_response_headers_policy(Id=item.id, IfMatch=tag)


def _find_pools(scope: Scope) -> Iterator[Item | None]:
    cognito = scope.client("cognito-idp")
    for pool in scope.account.list("cognito-idp", "list_user_pools", "UserPools", MaxResults=60):
        facts = cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"]
        yield scope.item("user pool", pool["Id"], facts.get("UserPoolTags") or {}, pool["Name"], (names.USER_POOL,))


def _delete_pool(scope: Scope, item: Item) -> None:
    cognito = scope.client("cognito-idp")
    facts = cognito.describe_user_pool(UserPoolId=item.id)["UserPool"]
    if facts.get("DeletionProtection") == "ACTIVE":
        cognito.update_user_pool(UserPoolId=item.id, DeletionProtection="INACTIVE")
    for domain in filter(None, (facts.get("Domain"), facts.get("CustomDomain"))):
        cognito.delete_user_pool_domain(UserPoolId=item.id, Domain=domain)
    cognito.delete_user_pool(UserPoolId=item.id)


def _find_apis(scope: Scope) -> Iterator[Item | None]:
    """Yield the HTTP APIs that receive events."""
    for api in scope.account.list("apigatewayv2", "get_apis", "Items"):
        yield scope.item("HTTP API", api["ApiId"], api.get("Tags") or {}, api["Name"], (names.HTTP_API,))


def _delete_api(scope: Scope, item: Item) -> None:
    scope.client("apigatewayv2").delete_api(ApiId=item.id)


def _find_functions(scope: Scope) -> Iterator[Item | None]:
    """Yield the Lambda functions, with those that CDK adds to the stack."""
    client = scope.client("lambda")
    for function in scope.account.list("lambda", "list_functions", "Functions"):
        name = function["FunctionName"]
        if name.startswith(f"{scope.stack}-") or name in _FUNCTIONS:
            tags = client.list_tags(Resource=function["FunctionArn"]).get("Tags") or {}
            yield scope.item("Lambda function", name, tags, name, _FUNCTIONS)


def _delete_function(scope: Scope, item: Item) -> None:
    client = scope.client("lambda")
    for mapping in client.list_event_source_mappings(FunctionName=item.id)["EventSourceMappings"]:
        client.delete_event_source_mapping(UUID=mapping["UUID"])
    client.delete_function(FunctionName=item.id)


def _find_queues(scope: Scope) -> Iterator[Item | None]:
    sqs = scope.client("sqs")
    for url in scope.account.list("sqs", "list_queues", "QueueUrls"):
        yield scope.item("queue", url, sqs.list_queue_tags(QueueUrl=url).get("Tags") or {}, url.rsplit("/", 1)[-1])


def _delete_queue(scope: Scope, item: Item) -> None:
    scope.client("sqs").delete_queue(QueueUrl=item.id)


def _find_topics(scope: Scope) -> Iterator[Item | None]:
    sns = scope.client("sns")
    for topic in scope.account.list("sns", "list_topics", "Topics"):
        arn = topic["TopicArn"]
        tags = tags_of(sns.list_tags_for_resource(ResourceArn=arn).get("Tags"))
        yield scope.item("topic", arn, tags, arn.rsplit(":", 1)[-1])


def _delete_topic(scope: Scope, item: Item) -> None:
    sns = scope.client("sns")
    for each in scope.account.list("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=item.id):
        if each["SubscriptionArn"].startswith("arn:"):  # others wait for a confirmation, and go with the topic
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    sns.delete_topic(TopicArn=item.id)


RULES = Category("rule", _find_rules, _delete_rule)
SHOPS = Category("Amplify app", _find_shops, _delete_shop)
DISTRIBUTIONS = Category("CloudFront distribution", _find_distributions, _delete_distribution)
ACCESS_CONTROLS = Category("CloudFront access control", _find_access_controls, _delete_access_control)
HEADER_POLICIES = Category("CloudFront header policy", _find_header_policies, _delete_header_policy)
POOLS = Category("user pool", _find_pools, _delete_pool)
APIS = Category("HTTP API", _find_apis, _delete_api)
FUNCTIONS = Category("Lambda function", _find_functions, _delete_function)
QUEUES = Category("queue", _find_queues, _delete_queue)
TOPICS = Category("topic", _find_topics, _delete_topic)
