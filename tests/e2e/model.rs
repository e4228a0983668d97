//! A live model behind an OpenAI-compatible endpoint on loopback, recorded and played back.
