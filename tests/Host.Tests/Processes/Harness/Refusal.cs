namespace MoeActors.Host.Tests.Processes.Harness;

/// <summary>How a command refuses.</summary>
internal static class Refusal
{
    /// <summary>Asserts that it ended with <paramref name="code"/> and one line that says all of <paramref name="parts"/>.</summary>
    public static void Is(int code, string[] parts, Ended ended, string transcript)
    {
        Assert.True(ended.Code == code, $"expected exit code {code}, it was {ended.Code}\n{transcript}");
        string line = ended.Error.TrimEnd();
        Assert.DoesNotContain('\n', line);
        Assert.StartsWith("moe: ", line, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, line, StringComparison.Ordinal));
    }
}
