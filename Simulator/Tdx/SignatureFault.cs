namespace Verathos.Simulator.Tdx;

/// <summary>What is wrong with a signature.</summary>
public enum SignatureFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>One bit of it was flipped.</summary>
    BitFlipped,

    /// <summary>It was made with a fresh key that no certificate names.</summary>
    ForeignKey,
}
