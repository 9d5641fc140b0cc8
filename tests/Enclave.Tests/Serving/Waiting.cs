namespace Verathos.Enclave.Tests.Serving;

internal static class Waiting
{
    /// <summary>Waits until something holds, and fails after ten seconds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(10));
        while (!await holds())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Delay(5, limit.Token);
        }
    }
}
