using Verathos.Simulator.Dcap;

namespace Verathos.Simulator.Sgx;

/// <summary>Mints SGX quotes of version 3, 4 and 5 by the platform that also makes the installation's TDX quotes.</summary>
public sealed class SimulatedSgx
{
    private readonly QuoteAuthor author;

    internal SimulatedSgx(QuoteAuthor author) => this.author = author;

    /// <summary>Mints one quote.</summary>
    /// <param name="spec">Its fields.</param>
    /// <returns>The quote's exact bytes, with <see cref="QuoteSpec.TrailingZeros"/> zero bytes after them.</returns>
    /// <exception cref="ArgumentException">A fixed-size field has another length.</exception>
    public byte[] Mint(SgxQuoteSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return author.Write(spec);
    }
}
