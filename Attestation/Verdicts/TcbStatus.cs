namespace Verathos.Attestation.Verdicts;

/// <summary>
/// The status of a platform's trusted computing base, by Intel's names (Intel PCS API v4, TCB info and enclave identity models).
/// The default is the case in which no level matches, which always rejects.
/// </summary>
public enum TcbStatus
{
    /// <summary>No TCB level of the TCB info matches the platform.</summary>
    NoMatch = 0,

    /// <summary>Up to date.</summary>
    UpToDate,

    /// <summary>Up to date; software mitigations are needed.</summary>
    SWHardeningNeeded,

    /// <summary>Up to date; a platform configuration change is needed.</summary>
    ConfigurationNeeded,

    /// <summary>Both of the above.</summary>
    ConfigurationAndSWHardeningNeeded,

    /// <summary>A newer TCB was published because of a security issue.</summary>
    OutOfDate,

    /// <summary>Out of date, and a configuration change is needed.</summary>
    OutOfDateConfigurationNeeded,

    /// <summary>Launched out of date, current now: start the guest again.</summary>
    TDRelaunchAdvised,

    /// <summary>Launched out of date, current now except for the configuration.</summary>
    TDRelaunchAdvisedConfigurationNeeded,

    /// <summary>No longer to be trusted.</summary>
    Revoked,
}
