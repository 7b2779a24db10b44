"""The budget: e-mail at 80 % of what was spent, and when the forecast exceeds the whole.

It counts the whole account: a budget by tag stays at zero until the tag is activated for billing.
"""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_budgets as budgets
from constructs import Construct

from clickstream.cloud import names

ALERTS = (("ACTUAL", 80), ("FORECASTED", 100))


class Budget(Construct):
    """A monthly budget in US dollars."""

    def __init__(self, scope: Construct, name: str, *, limit_usd: int, email: str) -> None:
        super().__init__(scope, name)
        subscriber = budgets.CfnBudget.SubscriberProperty(address=email, subscription_type="EMAIL")
        budgets.CfnBudget(
            self,
            "Monthly",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=f"{names.BUDGET}-{Aws.REGION}",
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=limit_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for kind, percent in ALERTS
            ],
        )
