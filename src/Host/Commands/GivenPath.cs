namespace MoeActors.Host.Commands;

/// <summary>Paths on the command line.</summary>
internal static class GivenPath
{
    /// <summary>The absolute path. An empty one, as of a variable that is not set, is refused: it would mean the current folder.</summary>
    /// <param name="name">Argument or option, for the message.</param>
    /// <param name="given">What was given.</param>
    public static string Absolute(string name, string given) => given.Trim().Length > 0
        ? Path.GetFullPath(given)
        : throw new CommandException(ExitCodes.CommandLine, $"{name} '{given}': an empty path; expected a file or folder");
}
