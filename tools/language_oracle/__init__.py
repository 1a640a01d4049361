"""Compare the language evaluators with the Go libraries that Argo uses: `python -m tools.language_oracle`."""
