namespace Verathos.Attestation.Collateral.Fetch;

/// <summary>A service's whole answer to a request that it took.</summary>
/// <param name="Address">Who was asked for what.</param>
/// <param name="Body">The body.</param>
/// <param name="Header">A header's value by its name; null where it is not there or is there several times.</param>
internal sealed record CollateralAnswer(Uri Address, ReadOnlyMemory<byte> Body, Func<string, string?> Header);
