"""The platform on AWS, as an app of the AWS CDK: one stack, made of the constructs in `parts`."""
