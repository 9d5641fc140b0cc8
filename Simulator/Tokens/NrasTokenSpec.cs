using System.Text.Json.Nodes;
using Verathos.Simulator.Nvidia;
using Verathos.Simulator.Tdx;

namespace Verathos.Simulator.Tokens;

/// <summary>The tokens of NVIDIA's remote attestation service about one set of GPUs. Times that are null follow the clock.</summary>
public sealed record NrasTokenSpec
{
    /// <summary><c>eat_nonce</c>, 32 bytes.</summary>
    public required byte[] Nonce { get; init; }

    /// <summary>How many GPUs.</summary>
    public int Count { get; init; } = 1;

    /// <summary><c>iat</c> and <c>nbf</c>; a minute ago where null.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary><c>exp</c>; an hour later where null.</summary>
    public DateTimeOffset? Expires { get; init; }

    /// <summary><c>hwmodel</c>.</summary>
    public string Model { get; init; } = "GH100 A01 GSP BROM";

    /// <summary>Driver version.</summary>
    public string Driver { get; init; } = GpuReference.DriverVersion;

    /// <summary>VBIOS version.</summary>
    public string Vbios { get; init; } = GpuReference.VbiosVersion;

    /// <summary>Rewrites the claims of one GPU's token, by its number, before it is signed.</summary>
    public Action<int, JsonObject>? EditGpu { get; init; }

    /// <summary>Rewrites the claims of the overall token before it is signed; the digests of the others are in it.</summary>
    public Action<JsonObject>? EditOverall { get; init; }

    /// <summary>Rewrites the header of every token.</summary>
    public Action<JsonObject>? EditHeader { get; init; }

    /// <summary>What is wrong with the signatures.</summary>
    public SignatureFault Signature { get; init; }
}
