namespace Verathos.GpuRuntime.Chat.Jinja;

/// <summary>The functions that chat templates may call.</summary>
internal static class JinjaFunctions
{
    private const int LongestRange = 10_000;

    public static bool IsKnown(string name) => name is "raise_exception" or "namespace" or "range" or "strftime_now";

    public static object? Apply(string name, object?[] arguments, IReadOnlyDictionary<string, object?> named)
    {
        switch (name)
        {
            case "raise_exception" when arguments.Length == 1 && named.Count == 0:
                throw new ChatFormatException($"the model's chat template refuses the conversation: {JinjaMethods.Text(arguments[0]).ToMessage()}");
            case "namespace" when arguments.Length == 0:
                JinjaNamespace space = new();
                foreach ((string key, object? value) in named)
                {
                    space.Members[key] = value;
                }

                return space;
            case "range" when arguments.Length is 1 or 2 && named.Count == 0:
                long start = arguments.Length == 1 ? 0 : JinjaValues.Number(arguments[0]);
                long count = Math.Max(0, JinjaValues.Number(arguments[^1]) - start);
                return count <= LongestRange
                    ? Enumerable.Range(0, (int)count).Select(i => (object?)(start + i)).ToList()
                    : throw new ChatFormatException("the template counts too far");
            default:
                // The time is no part of a request, so that a prompt would not be the same when it is rendered again.
                throw new ChatFormatException($"the template calls {name} in a way that is not supported");
        }
    }
}
