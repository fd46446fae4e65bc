"""What reserves stand behind each settlement asset, as the institution that holds them says."""
