namespace Verathos.Fingerprint.Keys;

/// <summary>The matrices of a layer.</summary>
public enum LayerMatrix
{
    /// <summary>self_attn.q_proj.</summary>
    Query = 0,

    /// <summary>self_attn.k_proj.</summary>
    Key = 1,

    /// <summary>self_attn.v_proj.</summary>
    Value = 2,

    /// <summary>self_attn.o_proj.</summary>
    AttentionOutput = 3,

    /// <summary>mlp.gate_proj.</summary>
    Gate = 4,

    /// <summary>mlp.up_proj.</summary>
    Up = 5,

    /// <summary>mlp.down_proj.</summary>
    Down = 6,
}
