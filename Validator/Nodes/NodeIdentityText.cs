using System.Globalization;
using Verathos.Protocol.Evidence;

namespace Verathos.Validator.Nodes;

/// <summary>A node's identity in a subnet as text: genesis hash, network uid and hotkey, with colons between them.</summary>
public static class NodeIdentityText
{
    /// <summary>The text of an identity; null where a part is not 64 lower-case hexadecimal digits.</summary>
    public static string? From(string genesisHash, uint netUid, string hotkey)
    {
        ArgumentNullException.ThrowIfNull(genesisHash);
        ArgumentNullException.ThrowIfNull(hotkey);
        return IsHash(genesisHash) && IsHash(hotkey) ? string.Create(CultureInfo.InvariantCulture, $"{genesisHash}:{netUid}:{hotkey}") : null;
    }

    /// <summary>The text of what evidence binds; null where it binds none.</summary>
    public static string? From(NodeIdentity? identity) => identity is null
        ? null
        : From(Convert.ToHexStringLower(identity.GenesisHash.Span), identity.NetUid, Convert.ToHexStringLower(identity.Hotkey.Span));

    private static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);
}
