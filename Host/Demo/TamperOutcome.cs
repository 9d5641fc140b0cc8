namespace Verathos.Host.Demo;

/// <summary>What became of one changed byte.</summary>
/// <param name="Target">What was changed.</param>
/// <param name="Offset">Where.</param>
/// <param name="Length">How many bytes the target has.</param>
/// <param name="Region">What lies at that place.</param>
/// <param name="Expected">The checks that it should fall to, any of them.</param>
/// <param name="RefusedBy">The check that refused it; null if none did.</param>
/// <param name="By">Who refused: the client or the enclave.</param>
/// <param name="Detail">The refusal in words.</param>
public sealed record TamperOutcome(
    TamperTarget Target, int Offset, int Length, string Region, IReadOnlyList<string> Expected, string? RefusedBy, string By, string Detail)
{
    /// <summary>Whether it was refused by a check that it should fall to.</summary>
    public bool Passed => RefusedBy is not null && Expected.Contains(RefusedBy);
}
