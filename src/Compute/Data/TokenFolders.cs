using MoeActors.Compute.Files;

namespace MoeActors.Compute.Data;

/// <summary>Where encoded text may be kept: it is the text, readable by whoever knows the tokenizer, so it lies where this user alone can read, and put anything.</summary>
internal static class TokenFolders
{
    private const string Below = "moe-actors/tokens";

    /// <summary>The folder used where the caller names none: the first of <see cref="Candidates"/> that can be had for this user alone. Throws <see cref="CorpusException"/> when none can.</summary>
    public static string Default() => FirstOf([.. Candidates(Environment.GetEnvironmentVariable, Directory.Exists, Posix.User(), Path.GetTempPath())]);

    /// <summary>
    /// PURE: the places tried, in order: the user's cache ($XDG_CACHE_HOME, else below the home folder), and for a user without one a folder of the system's for temporary
    /// files, whose name anybody can guess, so that it counts only where it is this user's.
    /// </summary>
    public static IEnumerable<string> Candidates(Func<string, string?> environment, Func<string, bool> exists, uint user, string temporary)
    {
        if (environment("XDG_CACHE_HOME") is { } cache && Path.IsPathRooted(cache))
        {
            yield return Path.Combine(cache, Below);
        }
        else if (environment("HOME") is { } home && Path.IsPathRooted(home) && exists(home))
        {
            yield return Path.Combine(home, ".cache", Below);
        }

        yield return Path.Combine(temporary, $"moe-actors-tokens-{user}");
    }

    /// <summary>The first of <paramref name="folders"/> that can be made, and is this user's alone.</summary>
    public static string FirstOf(IReadOnlyList<string> folders)
    {
        var reasons = new List<string>();
        foreach (string folder in folders)
        {
            try
            {
                Demand(folder);
                return folder;
            }
            catch (Exception e) when (e is CorpusException || CorpusException.IsFileError(e))
            {
                reasons.Add(e.Message.TrimEnd('.', ' '));
            }
        }

        throw new CorpusException($"encoded text can be kept nowhere ({string.Join("; ", reasons)}): name a folder of yours by XDG_CACHE_HOME");
    }

    /// <summary>
    /// Makes <paramref name="folder"/>, readable by this user alone; throws <see cref="CorpusException"/> where it is another user's or may be written by others: what is found there
    /// could be anything.
    /// </summary>
    public static void Demand(string folder)
    {
        PrivateFiles.CreateFolder(folder);
        if (FileStatus.Of(folder) is not { IsFolder: true, IsOwn: true, OthersMayWrite: false })
        {
            throw new CorpusException($"{folder}: is not this user's alone (another user owns it or may write to it, or it is a link): delete it, or name a folder of yours by XDG_CACHE_HOME");
        }

        // Made by an earlier build, or under another mask.
        if (new DirectoryInfo(folder) is { } there && there.UnixFileMode != PrivateFiles.FolderMode)
        {
            there.UnixFileMode = PrivateFiles.FolderMode;
        }
    }
}
