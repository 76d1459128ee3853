using MoeActors.Host.Commands;

namespace MoeActors.Host.Runs;

/// <summary>Where the project's own text lies: what a run without --data trains on.</summary>
internal static class ProjectFolder
{
    /// <summary>The repository: named by the start script, or found above this program.</summary>
    public static string Find()
    {
        if (Environment.GetEnvironmentVariable("MOE_HOME") is { Length: > 0 } home)
        {
            return home;
        }

        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "MoeActors.sln")))
            {
                return at.FullName;
            }
        }

        throw new CommandException(ExitCodes.Data, "the project's own text is not here: name the text to train on with --data");
    }
}
