using Microsoft.Win32.SafeHandles;

using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Data;

/// <summary>Which files a list of files, folders and globs means.</summary>
public static class CorpusFiles
{
    /// <summary>
    /// The files meant, absolute, each once: in the order given, within a folder or glob by ordinal order of relative paths. Of folders and globs, files that
    /// are empty or no text are left out, as are hidden entries, bin and obj folders, run folders and tokenizers. Throws <see cref="CorpusException"/> naming what is
    /// missing, unreadable or empty, and a file or folder named itself that is no text or that a run wrote.
    /// </summary>
    /// <param name="pathsFoldersGlobs">What is meant.</param>
    /// <param name="binary">Whether files of any contents are meant, not only text.</param>
    public static IReadOnlyList<string> Resolve(IReadOnlyList<string> pathsFoldersGlobs, bool binary = false) => Resolve(pathsFoldersGlobs, new CorpusRules(binary));

    /// <summary>Throws <see cref="CorpusException"/> where the data of a recorded run are not there, by whatever rules it was begun.</summary>
    public static void DemandThere(DataSpec data)
    {
        ArgumentNullException.ThrowIfNull(data);
        Resolve(data.Paths, CorpusRules.Earlier with { Binary = data.Binary });
    }

    /// <summary>Run folders and files of tokenizers below the folders meant, which are left out: what a user should be told of.</summary>
    public static IReadOnlyList<string> LeftOut(IReadOnlyList<string> pathsFoldersGlobs)
    {
        var found = new List<string>();
        foreach (string path in pathsFoldersGlobs.Where(p => !File.Exists(p)).Select(Path.GetFullPath))
        {
            if (Directory.Exists(path))
            {
                FolderWalk.Files(path, leftOut: found.Add);
            }
            else if (Glob.Is(path))
            {
                _ = Glob.Parse(path).Matches(found.Add);
            }
        }

        return [.. found.Distinct(StringComparer.Ordinal)];
    }

    internal static IReadOnlyList<string> Resolve(IReadOnlyList<string> pathsFoldersGlobs, CorpusRules rules)
    {
        if (pathsFoldersGlobs.Count == 0)
        {
            throw new CorpusException("no data: expected at least one file, folder or glob");
        }

        var files = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string given in pathsFoldersGlobs)
        {
            foreach (string file in One(given, rules).Where(seen.Add))
            {
                files.Add(file);
            }
        }

        return files;
    }

    /// <summary>Whether the file at <paramref name="path"/> is neither empty nor binary. Throws <see cref="CorpusException"/> where it cannot be read.</summary>
    internal static bool IsText(string path) => Begin(path) is { Length: > 0 } begin && ContentKind.Binary(begin) is null;

    private static bool IsData(string path, CorpusRules rules) =>
        Begin(path) is { Length: > 0 } begin && (rules.Binary || (rules.Zeros ? !begin.Contains((byte)0) : ContentKind.Binary(begin) is null));

    private static string[] One(string given, CorpusRules rules)
    {
        if (string.IsNullOrWhiteSpace(given))
        {
            throw new CorpusException("an empty path in the data: expected a file, folder or glob");
        }

        string path = Path.GetFullPath(given);
        Action<string>? leftOut = rules.Outputs ? null : _ => { };
        if (Directory.Exists(path))
        {
            RefuseRun(path, rules);
            string[] found = [.. FolderWalk.Files(path, leftOut: leftOut).Select(f => Path.Combine(path, f)).Where(f => IsData(f, rules))];
            return found.Length > 0
                ? found
                : throw new CorpusException($"{path}: no text files in this folder: expected at least one that is not empty, binary or hidden (data.binary = on takes files of any kind)");
        }

        if (File.Exists(path))
        {
            return Readable(path, rules);
        }

        if (Glob.Is(path))
        {
            var glob = Glob.Parse(path);
            RefuseRun(glob.Root, rules);
            string[] found = [.. glob.Matches(leftOut).Where(f => IsData(f, rules))];
            return found.Length > 0
                ? found
                : throw new CorpusException($"{path}: no text file matches this pattern: check its folder and its wildcards (data.binary = on takes files of any kind)");
        }

        throw new CorpusException($"{path}: no such file or folder: check the path, or quote a glob so that the shell leaves it alone");
    }

    private static void RefuseRun(string folder, CorpusRules rules)
    {
        if (rules.Refuses && Directory.Exists(folder) && OwnOutputs.IsRunFolder(folder))
        {
            throw new CorpusException($"{folder}: is the folder of a run, whose files are no text to train on: name its text itself (corpus.txt, where the run has one), or another folder");
        }
    }

    private static string[] Readable(string path, CorpusRules rules)
    {
        byte[] begin = Begin(path);
        if (begin.Length == 0)
        {
            throw new CorpusException($"{path}: is empty or not a regular file: expected a file with text");
        }

        return rules is { Binary: false, Refuses: true } && ContentKind.Binary(begin) is { } kind
            ? throw new CorpusException($"{path}: is {kind}, no text: unpack or convert it, or have its bytes trained on as they are with data.binary = on")
            : [path];
    }

    /// <summary>How a file begins; nothing where it is empty, or no regular file. Pipes, sockets and devices have no length: they are never opened, which could wait for ever.</summary>
    private static byte[] Begin(string path)
    {
        try
        {
            if (FolderWalk.LengthOf(path) == 0)
            {
                return [];
            }

            byte[] start = new byte[ContentKind.SniffedBytes];
            using SafeFileHandle handle = File.OpenHandle(path);
            return start[..RandomAccess.Read(handle, start, 0)];
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unreadable(path, e);
        }
    }
}
