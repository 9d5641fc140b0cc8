namespace Verathos.Attestation.Nvidia;

/// <summary>The feature flag of a GPU report (opaque field 36): how the GPU shares its protected memory.</summary>
public enum GpuMode
{
    /// <summary>A value that this build does not know; no policy accepts it.</summary>
    Unknown = 0,

    /// <summary>One GPU in one guest. Reports from before the field existed mean this.</summary>
    SPT,

    /// <summary>Several GPUs in one guest with encrypted NVLink.</summary>
    MPT,

    /// <summary>Several GPUs in one guest with NVLink in the clear behind attested switches.</summary>
    PPCIE,
}
