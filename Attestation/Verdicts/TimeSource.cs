namespace Verathos.Attestation.Verdicts;

/// <summary>Where the time of an appraisal came from. The default is the weakest.</summary>
public enum TimeSource
{
    /// <summary>Somebody's word: a command-line option, or a time inside the evidence.</summary>
    Asserted = 0,

    /// <summary>A time that a third party's signature vouches for.</summary>
    Anchored,

    /// <summary>The verifier's own clock, or a time that the verifier itself answers for.</summary>
    Verifier,
}
