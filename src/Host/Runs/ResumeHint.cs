namespace MoeActors.Host.Runs;

/// <summary>How one goes on with a run that was stopped.</summary>
internal static class ResumeHint
{
    /// <summary>The command, as a shell takes it.</summary>
    public static string Of(string folder) =>
        "moe resume " + (folder.All(c => char.IsAsciiLetterOrDigit(c) || "/._-+,@%".Contains(c, StringComparison.Ordinal)) ? folder : $"'{folder.Replace("'", "'\\''", StringComparison.Ordinal)}'");
}
