"""Operations on charge points, made of what a request says."""
