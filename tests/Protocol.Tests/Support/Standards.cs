using System.Text.Json;
using Verathos.Testing;

namespace Verathos.Protocol.Tests.Support;

/// <summary>Reads the vectors of the standards.</summary>
internal static class Standards
{
    public static JsonElement Read(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Vectors.Path($"standards/{file}")));
        return document.RootElement.Clone();
    }

    public static byte[] Hex(this JsonElement element, string name) => Convert.FromHexString(element.GetProperty(name).GetString()!);

    public static int Int(this JsonElement element, string name) => element.GetProperty(name).GetInt32();
}
