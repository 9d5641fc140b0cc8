using System.Globalization;
using System.Reflection;
using System.Text;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Receipts;
using Verathos.Protocol.Requests;
using Verathos.Testing;

namespace Verathos.Protocol.Tests.Documentation;

/// <summary>
/// Holds docs/protocol.md to the code. Run with VERATHOS_UPDATE_DOCS=1 to write the worked exchange anew after the protocol
/// was changed on purpose.
/// </summary>
public class ProtocolDocumentTests
{
    private const string Begin = "<!-- worked exchange: begin (written by tests/Protocol.Tests, see above) -->\n";
    private const string End = "<!-- worked exchange: end -->\n";

    private static string DocumentPath => Path.Combine(Vectors.RepositoryRoot, "docs", "protocol.md");

    [Fact]
    public void The_worked_exchange_in_the_document_is_what_the_code_makes()
    {
        string document = File.ReadAllText(DocumentPath);
        int begin = document.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = document.IndexOf(End, StringComparison.Ordinal);
        Assert.True(begin >= Begin.Length && end >= begin, "the document has lost its marks");
        string made = Render(WorkedExchange.Make());
        if (Environment.GetEnvironmentVariable("VERATHOS_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(DocumentPath, document[..begin] + made + document[end..]);
            return;
        }

        Assert.True(made == document[begin..end], "docs/protocol.md has another worked exchange: set VERATHOS_UPDATE_DOCS=1 and run this test to write it anew");
    }

    [Fact]
    public void Every_label_is_in_the_document_with_its_number()
    {
        string document = File.ReadAllText(DocumentPath);
        foreach (FieldInfo field in typeof(ReceiptLabels).GetFields().Concat(typeof(TrainingLabels).GetFields()))
        {
            string number = ((long)field.GetValue(null)!).ToString(CultureInfo.InvariantCulture);
            Assert.Contains($"| {number} |", document, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(typeof(ReceiptTypes))]
    [InlineData(typeof(VerathosHeaders))]
    [InlineData(typeof(VerathosPaths))]
    [InlineData(typeof(MediaTypes))]
    [InlineData(typeof(SseEvents))]
    public void Every_name_on_the_wire_is_in_the_document(Type type)
    {
        string document = File.ReadAllText(DocumentPath);
        foreach (FieldInfo field in type.GetFields().Where(field => field.IsLiteral))
        {
            Assert.Contains($"`{field.GetRawConstantValue()}`", document, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(typeof(OhttpError))]
    [InlineData(typeof(ReceiptError))]
    [InlineData(typeof(Protocol.Exchange.ExchangeError))]
    [InlineData(typeof(Protocol.Bhttp.BhttpError))]
    [InlineData(typeof(Protocol.Cbor.CborError))]
    public void Every_error_is_in_the_document(Type type)
    {
        string document = File.ReadAllText(DocumentPath);
        foreach (string name in Enum.GetNames(type).Where(name => name != "None"))
        {
            Assert.Contains($"`{name}`", document, StringComparison.Ordinal);
        }
    }

    private static string Render(IReadOnlyList<(string Name, byte[] Bytes)> blocks)
    {
        StringBuilder text = new();
        foreach ((string name, byte[] bytes) in blocks)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n**{name}** ({bytes.Length} bytes)\n\n```hex\n");
            for (int at = 0; at < bytes.Length; at += 48)
            {
                text.Append(Convert.ToHexStringLower(bytes.AsSpan(at, Math.Min(48, bytes.Length - at)))).Append('\n');
            }

            text.Append("```\n");
        }

        text.Append('\n');
        return text.ToString();
    }
}
