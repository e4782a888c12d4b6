"""Reports: notebooks run with parameters, and the demo."""
