using System.Reflection;

namespace Verathos.GpuRuntime.Tests.Tokenizers;

/// <summary>Looks through everything that an object refers to, private fields and arrays included.</summary>
internal static class ReachableText
{
    /// <summary>Whether a text can be reached, as characters or as the given ids.</summary>
    public static bool Contains(object root, string text, int[] ids)
    {
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        Stack<object> left = new([root]);
        while (left.TryPop(out object? value))
        {
            if (value is Pointer or Type or Assembly or Thread || (!value.GetType().IsValueType && !seen.Add(value)))
            {
                continue;
            }

            if ((value is string s && s.Contains(text, StringComparison.Ordinal))
                || (value is char[] c && c.AsSpan().IndexOf(text) >= 0)
                || (value is int[] i && i.AsSpan().IndexOf(ids) >= 0)
                || (value is IReadOnlyList<int> list and not int[] && list.ToArray().AsSpan().IndexOf(ids) >= 0))
            {
                return true;
            }

            if (value is Array array)
            {
                Type element = value.GetType().GetElementType()!;
                if (!element.IsPrimitive && !element.IsPointer)
                {
                    foreach (object? item in array)
                    {
                        Push(item);
                    }
                }

                continue;
            }

            for (Type? type = value.GetType(); type is not null && !type.IsPrimitive; type = type.BaseType)
            {
                foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                {
                    if (!field.FieldType.IsPrimitive && !field.FieldType.IsPointer && !field.FieldType.IsByRefLike)
                    {
                        Push(field.GetValue(value));
                    }
                }
            }
        }

        return false;

        void Push(object? item)
        {
            if (item is not null)
            {
                left.Push(item);
            }
        }
    }
}
