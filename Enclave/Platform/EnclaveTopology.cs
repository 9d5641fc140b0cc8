namespace Verathos.Enclave.Platform;

/// <summary>Where the trusted core runs; part of the measured configuration.</summary>
public enum EnclaveTopology
{
    /// <summary>In the host's own process: for the simulator, or where the whole host is measured.</summary>
    InProcess,

    /// <summary>In a process of its own, with the untrusted host at the other end of a socket.</summary>
    Split,
}
