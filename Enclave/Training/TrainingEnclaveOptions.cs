using Verathos.Attestation.Binding;

namespace Verathos.Enclave.Training;

/// <summary>What the evidence of a training enclave states.</summary>
public sealed record TrainingEnclaveOptions
{
    /// <summary>Name of the run or of its model; the enclave's own word.</summary>
    public required string Name { get; init; }

    /// <summary>Root of the model that the run starts from, 32 bytes: evidence binds it as the manifest's root, so a keyset is one run's.</summary>
    public required ReadOnlyMemory<byte> ModelRoot { get; init; }

    /// <summary>Tensors of that model.</summary>
    public required int Tensors { get; init; }

    /// <summary>Bytes of its weights in binary32.</summary>
    public required long Bytes { get; init; }

    /// <summary>The numeric profile of the training.</summary>
    public required string NumericProfile { get; init; }

    /// <summary>Who the worker is in a run, or null.</summary>
    public NodeIdentity? Identity { get; init; }

    /// <summary>How long a keyset lives; at most <see cref="EnclaveOptions.MaxKeysetLifetime"/>.</summary>
    public TimeSpan KeysetLifetime { get; init; } = EnclaveOptions.MaxKeysetLifetime;

    internal void Validate()
    {
        if (ModelRoot.Length != 32 || Tensors < 1 || Bytes < 1 || string.IsNullOrEmpty(Name) || string.IsNullOrEmpty(NumericProfile))
        {
            throw new ArgumentException("a training enclave needs a name, a numeric profile and a model with its root of 32 bytes");
        }

        if (KeysetLifetime < TimeSpan.FromSeconds(1) || KeysetLifetime > EnclaveOptions.MaxKeysetLifetime)
        {
            throw new ArgumentException("KeysetLifetime must be from one second to one hour");
        }
    }
}
