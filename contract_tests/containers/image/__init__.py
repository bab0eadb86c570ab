"""The image, built and proved without a container engine: `python -m contract_tests.containers.image`."""
