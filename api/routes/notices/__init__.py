"""What drivers want to be told, over REST."""
