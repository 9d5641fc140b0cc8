namespace Verathos.GpuRuntime.Tokenizers;

/// <summary>Metaspace's prepend_scheme: before which texts a U+2581 is put that do not begin with one.</summary>
internal enum MetaspacePrefix
{
    /// <summary>Before every text between special tokens.</summary>
    Always,

    /// <summary>Only where the text begins the sequence.</summary>
    First,

    /// <summary>Before none.</summary>
    Never,
}
