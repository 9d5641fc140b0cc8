namespace Verathos.Simulator.Tdx;

/// <summary>Which authority issues a PCK certificate.</summary>
public enum PckCa
{
    /// <summary>"Intel SGX PCK Platform CA": servers, the one that TDX machines use.</summary>
    Platform,

    /// <summary>"Intel SGX PCK Processor CA": single-package machines.</summary>
    Processor,
}
