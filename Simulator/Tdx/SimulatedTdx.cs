using Verathos.Simulator.Authorities;
using Verathos.Simulator.Dcap;

namespace Verathos.Simulator.Tdx;

/// <summary>Mints TDX quotes of version 4 and 5, with attestation keys of either curve and certification data of every type.</summary>
public sealed class SimulatedTdx
{
    private readonly IntelAuthority intel;
    private readonly QuoteAuthor author;

    internal SimulatedTdx(IntelAuthority intel, QuoteAuthor author)
    {
        this.intel = intel;
        this.author = author;
    }

    /// <summary>Mints one quote.</summary>
    /// <param name="spec">Its fields.</param>
    /// <returns>The quote's exact bytes, with <see cref="QuoteSpec.TrailingZeros"/> zero bytes after them.</returns>
    /// <exception cref="ArgumentException">A fixed-size field has another length.</exception>
    public byte[] Mint(TdxQuoteSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return author.Write(spec);
    }

    /// <summary>The serial number (big-endian) of the PCK certificate that quotes with these fields carry.</summary>
    public byte[] PckSerialNumber(PckSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.SerialNumber ?? intel.DefaultPckSerial(spec);
    }

    /// <summary>The PCK certificate that quotes with these fields carry, DER.</summary>
    public byte[] PckCertificate(PckSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return author.Certificate(spec).RawData;
    }

    /// <summary>The platform provisioning id that quotes with these fields carry, 16 bytes.</summary>
    public byte[] Ppid(PckSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return intel.Ppid(spec);
    }
}
