namespace Verathos.Client.Trust;

/// <summary>Where this machine's simulated installation leaves its root certificates. Nothing but those is read from there.</summary>
public static class SimulatedFolder
{
    /// <summary><c>verathos/simulated</c> in the user's data folder.</summary>
    public static string Default => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } data && Path.IsPathRooted(data)
            ? data
            : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "verathos",
        "simulated");
}
