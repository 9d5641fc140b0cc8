namespace Verathos.Simulator.Tdx;

/// <summary>What a version 5 body of type 4 says beyond one of type 3: the guest's identity and its service TDs, 237 bytes.</summary>
public sealed record TdMigrationSpec
{
    /// <summary>Virtual machine of the guest, one byte.</summary>
    public byte VmId { get; init; }

    /// <summary>Identifier of the guest, 32 bytes.</summary>
    public byte[] TdId { get; init; } = new byte[32];

    /// <summary>Hash of the devices, 48 bytes.</summary>
    public byte[] DeviceInfo { get; init; } = new byte[48];

    /// <summary>Hash of the first service TD, 48 bytes.</summary>
    public byte[] InitialServiceTdHash { get; init; } = new byte[48];

    /// <summary>Attributes of the first service TD, 8 bytes.</summary>
    public byte[] InitialAttributes { get; init; } = new byte[8];

    /// <summary>CPUSVN of the platform where the guest began, 16 bytes.</summary>
    public byte[] InitialCpuSvn { get; init; } = new byte[16];

    /// <summary>TEE_TCB_SVN of the platform where the guest began, 16 bytes.</summary>
    public byte[] InitialTeeTcbSvn { get; init; } = new byte[16];

    /// <summary>FMSPC of the platform where the guest began, 12 bytes.</summary>
    public byte[] InitialFmspc { get; init; } = new byte[12];

    /// <summary>Hash of the present service TD, 48 bytes.</summary>
    public byte[] CurrentServiceTdHash { get; init; } = new byte[48];

    /// <summary>Attributes of the present service TD, 8 bytes.</summary>
    public byte[] CurrentAttributes { get; init; } = new byte[8];

    internal byte[] Body()
    {
        byte[] body =
        [
            VmId, .. TdId, .. DeviceInfo, .. InitialServiceTdHash, .. InitialAttributes, .. InitialCpuSvn, .. InitialTeeTcbSvn, .. InitialFmspc,
            .. CurrentServiceTdHash, .. CurrentAttributes,
        ];
        return body.Length == 237 ? body : throw new ArgumentException($"the members have {body.Length} bytes together instead of 237");
    }
}
