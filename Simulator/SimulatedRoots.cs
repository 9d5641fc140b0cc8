namespace Verathos.Simulator;

/// <summary>The trust anchors of one installation, as PEM, with the files that a verifier in another process reads.</summary>
/// <param name="IntelRootPem">Root of the PCK chain, of the TCB signing chain and of the CRLs (ECDSA P-256).</param>
/// <param name="NvidiaDeviceRootPem">Root of the GPU device identity chains (ECDSA P-384).</param>
/// <param name="NvidiaRimRootPem">Root of the reference-measurement signing chain (ECDSA P-384).</param>
/// <param name="Folder">The folder in which <see cref="IntelRootFile"/> and the other files lie.</param>
public sealed record SimulatedRoots(string IntelRootPem, string NvidiaDeviceRootPem, string NvidiaRimRootPem, string Folder)
{
    /// <summary>File name of the Intel-like root in <see cref="Folder"/>.</summary>
    public const string IntelRootFile = "intel-root.pem";

    /// <summary>File name of the NVIDIA-like device root in <see cref="Folder"/>.</summary>
    public const string NvidiaDeviceRootFile = "nvidia-device-root.pem";

    /// <summary>File name of the NVIDIA-like RIM signing root in <see cref="Folder"/>.</summary>
    public const string NvidiaRimRootFile = "nvidia-rim-root.pem";
}
