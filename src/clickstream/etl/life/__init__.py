"""The life of data after its loading: a person is forgotten (`forget`), what is old expires (`expire`), days leave as
files (`export`)."""
