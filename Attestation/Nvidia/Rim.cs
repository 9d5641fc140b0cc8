using System.Xml;
using Verathos.Attestation.X509;

namespace Verathos.Attestation.Nvidia;

/// <summary>
/// A reference integrity manifest: a SWID tag (ISO/IEC 19770-2:2015 with the TCG RIM information model) that lists the
/// measurements of a driver or VBIOS. Parsing checks the structure; <see cref="VerifiedRim"/> checks the signature.
/// </summary>
public sealed class Rim
{
    internal const string SwidNamespace = "http://standards.iso.org/iso/19770/-2/2015/schema.xsd";
    internal const string HashNamespace = "http://www.w3.org/2001/04/xmlenc#sha384";

    private const int MaximumLength = 1 << 20;
    private const int MaximumAlternatives = 64;
    private const int MaximumDepth = 16;
    private const int MaximumAttributes = 128;
    private const int SmallestParts = 256;
    private const int BytesPerPart = 16;

    private Rim(XmlDocument document, string product, string version, IReadOnlyList<RimMeasurement> measurements)
    {
        Document = document;
        Product = product;
        Version = version;
        Measurements = measurements;
    }

    /// <summary>The chip, such as <c>GH100</c>.</summary>
    public string Product { get; }

    /// <summary>The driver's or VBIOS's version, as the file spells it.</summary>
    public string Version { get; }

    /// <summary>The active measurements by index.</summary>
    public IReadOnlyList<RimMeasurement> Measurements { get; }

    internal XmlDocument Document { get; }

    /// <summary>Parses a file. Document types, entities and anything that would fetch are refused.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> xml, out Rim? rim, out ParseError error)
    {
        rim = null;
        if (xml.Length > MaximumLength)
        {
            error = new ParseError("RIM", $"{xml.Length} bytes are more than {MaximumLength}");
            return false;
        }

        // Read for its shape, then as a document, then element by element.
        ParseSteps.Add(3 * xml.Length);
        XmlDocument document = new() { PreserveWhitespace = true, XmlResolver = null };
        try
        {
            if (!IsModest(xml))
            {
                error = new ParseError(
                    "RIM", $"nested deeper than {MaximumDepth}, more than {MaximumAttributes} attributes on an element, or hardly anything in its elements");
                return false;
            }

            using XmlReader reader = Open(xml);
            document.Load(reader);
        }
        catch (XmlException e)
        {
            error = new ParseError("RIM", $"not XML: {e.Message}");
            return false;
        }

        return TryRead(document, out rim, out error);
    }

    private static XmlReader Open(ReadOnlyMemory<byte> xml) => XmlReader.Create(
        new MemoryStream(xml.ToArray(), writable: false),
        new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaximumLength, CloseInput = true });

    // Canonicalisation recurses once a level and compares attributes pairwise: both are bounded before there is a document. So is what
    // the document will take in memory, which goes by its nodes and attributes and not by its length.
    private static bool IsModest(ReadOnlyMemory<byte> xml)
    {
        using XmlReader reader = Open(xml);
        int left = SmallestParts + (xml.Length / BytesPerPart);
        while (reader.Read())
        {
            ParseSteps.Add(1);
            left -= 1 + reader.AttributeCount;
            if (reader.Depth > MaximumDepth || reader.AttributeCount > MaximumAttributes || left < 0)
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryRead(XmlDocument document, out Rim? rim, out ParseError error)
    {
        rim = null;
        error = default;
        XmlElement? root = document.DocumentElement;
        if (root is null || root.LocalName != "SoftwareIdentity" || root.NamespaceURI != SwidNamespace)
        {
            error = new ParseError("RIM", "the root is not a SoftwareIdentity");
            return false;
        }

        if (!TryOnly(root, "Meta", out XmlElement? meta) || !TryOnly(root, "Payload", out XmlElement? payload))
        {
            error = new ParseError("RIM", "exactly one Meta and one Payload are required");
            return false;
        }

        string product = meta!.GetAttribute("product");
        string version = meta.GetAttribute("colloquialVersion");
        if (product.Length == 0 || version.Length == 0)
        {
            error = new ParseError("Meta", "product and colloquialVersion are required");
            return false;
        }

        SortedDictionary<int, RimMeasurement?> measurements = [];
        foreach (XmlNode node in payload!.ChildNodes)
        {
            ParseSteps.Add(1);
            if (node is not XmlElement element)
            {
                continue;
            }

            if (element.LocalName != "Resource" || element.NamespaceURI != SwidNamespace || element.GetAttribute("type") != "Measurement"
                || !TryNumber(element.GetAttribute("index"), 254, out int index))
            {
                error = new ParseError("Payload", "something other than an indexed measurement");
                return false;
            }

            RimMeasurement? measurement = null;
            bool active = element.GetAttribute("active") == "True";
            if ((!active && element.GetAttribute("active") != "False")
                || (active && !TryReadMeasurement(element, index, out measurement))
                || !measurements.TryAdd(index, measurement))
            {
                error = new ParseError("Resource", $"measurement {index} is malformed or appears twice");
                return false;
            }
        }

        RimMeasurement[] list = [.. measurements.Values.OfType<RimMeasurement>()];
        if (list.Length == 0)
        {
            error = new ParseError("Payload", "no active measurement");
            return false;
        }

        rim = new Rim(document, product, version, list);
        return true;
    }

    private static bool TryReadMeasurement(XmlElement element, int index, out RimMeasurement? measurement)
    {
        measurement = null;
        if (element.GetAttribute("size") != "48" || !TryNumber(element.GetAttribute("alternatives"), MaximumAlternatives, out int count) || count == 0)
        {
            return false;
        }

        List<ReadOnlyMemory<byte>> values = [];
        for (int i = 0; i < count; i++)
        {
            // An element's attributes are at most 128, and each look-up may pass all of them.
            ParseSteps.Add(element.Attributes.Count);
            string text = element.GetAttribute($"Hash{i}", HashNamespace);
            byte[] value = new byte[GpuReport.MeasurementLength];
            if (text.Length != 2 * value.Length || Convert.FromHexString(text, value, out _, out _) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }

            values.Add(value);
        }

        measurement = new RimMeasurement(index, values);
        return !element.HasAttribute($"Hash{count}", HashNamespace);
    }

    private static bool TryNumber(string text, int maximum, out int number) =>
        int.TryParse(text, System.Globalization.NumberStyles.None, null, out number) && number <= maximum;

    private static bool TryOnly(XmlElement root, string name, out XmlElement? only)
    {
        only = null;
        foreach (XmlNode node in root.ChildNodes)
        {
            if (node is XmlElement element && element.LocalName == name && element.NamespaceURI == SwidNamespace)
            {
                if (only is not null)
                {
                    return false;
                }

                only = element;
            }
        }

        return only is not null;
    }
}
