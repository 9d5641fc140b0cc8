using Verathos.Enclave.Openings;
using Verathos.Enclave.Serving;

namespace Verathos.Enclave.Sessions;

/// <summary>What all sessions of an enclave share.</summary>
/// <param name="Options">How the enclave behaves.</param>
/// <param name="Metrics">Counts.</param>
/// <param name="Simulated">Whether the platform is.</param>
/// <param name="Time">The clock.</param>
/// <param name="Kept">Takes answers that can be opened; null where none is kept.</param>
internal sealed record SessionContext(EnclaveOptions Options, EnclaveMetrics Metrics, bool Simulated, TimeProvider Time, KeptAnswers? Kept);
