"""The pages a signed-in member works with: plain templates, no script."""
