namespace Verathos.Protocol.Bhttp;

/// <summary>Look-ups in a list of fields.</summary>
public static class BhttpFields
{
    /// <summary>The value of the one field of that lower-case name; null if there is none or more than one.</summary>
    public static string? Single(IReadOnlyList<BhttpField> fields, string name)
    {
        string? found = null;
        foreach (BhttpField field in fields)
        {
            if (field.Name == name)
            {
                if (found is not null)
                {
                    return null;
                }

                found = field.Value;
            }
        }

        return found;
    }
}
