namespace Verathos.Fingerprint.Manifest;

/// <summary>What a part of a model is; parts are ordered by kind, then by name.</summary>
public enum ManifestPart
{
    /// <summary>A weight tensor.</summary>
    Tensor = 0,

    /// <summary>The tokenizer, as its file holds it.</summary>
    Tokenizer = 1,

    /// <summary>The configuration that fixes the architecture, the chat template included.</summary>
    Configuration = 2,

    /// <summary>An adapter applied over the weights.</summary>
    Adapter = 3,
}
