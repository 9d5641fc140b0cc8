namespace Verathos.Attestation.Policies;

/// <summary>Where a platform stands between two states of its TCB. The default is the refusal.</summary>
public enum TcbRecoveryState
{
    /// <summary>Nothing more is to be trusted: the TCB is revoked, or no level matches.</summary>
    Revoked = 0,

    /// <summary>Behind, and the time to catch up is over: refused until it has.</summary>
    Quarantine,

    /// <summary>Behind, and admitted until a deadline.</summary>
    Grace,

    /// <summary>Not behind.</summary>
    UpToDate,
}
