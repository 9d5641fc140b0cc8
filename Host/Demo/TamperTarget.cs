namespace Verathos.Host.Demo;

/// <summary>What the demonstration changes one byte of.</summary>
public enum TamperTarget
{
    /// <summary>The CPU's quote.</summary>
    Quote,

    /// <summary>The first GPU's report.</summary>
    Gpu,

    /// <summary>The keyset beside the quote.</summary>
    Keyset,

    /// <summary>The sealed request on its way to the enclave.</summary>
    Request,

    /// <summary>The sealed answer on its way to the client.</summary>
    Stream,

    /// <summary>The signed receipt, as it is kept after the answer.</summary>
    Receipt,
}
