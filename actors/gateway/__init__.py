"""Sockets: handshake, authentication and limits; frames in and out. Knows WebSocket, not OCPP."""
