using Microsoft.Win32.SafeHandles;

namespace MoeActors.Compute.Data;

/// <summary>Which files a list of files, folders and globs means.</summary>
public static class CorpusFiles
{
    private const int SniffedBytes = 8192;

    /// <summary>
    /// The files meant, absolute, each once: in the order given, within a folder or glob by ordinal order of relative paths. Of folders and globs, files that
    /// are empty or binary (a zero byte in the first 8 KiB) are left out, as are hidden entries and bin and obj folders; a file named itself is
    /// taken whatever it holds. Throws <see cref="CorpusException"/> naming what is missing, unreadable or empty.
    /// </summary>
    public static IReadOnlyList<string> Resolve(IReadOnlyList<string> pathsFoldersGlobs)
    {
        if (pathsFoldersGlobs.Count == 0)
        {
            throw new CorpusException("no data: expected at least one file, folder or glob");
        }

        var files = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string given in pathsFoldersGlobs)
        {
            foreach (string file in One(given).Where(seen.Add))
            {
                files.Add(file);
            }
        }

        return files;
    }

    /// <summary>Whether a folder's file at <paramref name="path"/> is left out: empty, or binary. Throws <see cref="CorpusException"/> where it cannot be read.</summary>
    internal static bool IsText(string path)
    {
        try
        {
            // Pipes, sockets and devices have no length: they are never opened, which could wait for ever.
            if (FolderWalk.LengthOf(path) == 0)
            {
                return false;
            }

            Span<byte> start = stackalloc byte[SniffedBytes];
            using SafeFileHandle handle = File.OpenHandle(path);
            int n = RandomAccess.Read(handle, start, 0);
            return n > 0 && !start[..n].Contains((byte)0);
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unreadable(path, e);
        }
    }

    private static string[] One(string given)
    {
        if (string.IsNullOrWhiteSpace(given))
        {
            throw new CorpusException("an empty path in the data: expected a file, folder or glob");
        }

        string path = Path.GetFullPath(given);
        if (Directory.Exists(path))
        {
            string[] found = [.. FolderWalk.Files(path).Select(f => Path.Combine(path, f)).Where(IsText)];
            return found.Length > 0 ? found : throw new CorpusException($"{path}: no text files in this folder: expected at least one that is not empty, binary or hidden");
        }

        if (File.Exists(path))
        {
            return Readable(path);
        }

        if (Glob.Is(path))
        {
            string[] found = [.. Glob.Parse(path).Matches().Where(IsText)];
            return found.Length > 0 ? found : throw new CorpusException($"{path}: no text file matches this pattern: check its folder and its wildcards");
        }

        throw new CorpusException($"{path}: no such file or folder: check the path, or quote a glob so that the shell leaves it alone");
    }

    private static string[] Readable(string path)
    {
        try
        {
            if (FolderWalk.LengthOf(path) == 0)
            {
                throw new CorpusException($"{path}: is empty or not a regular file: expected a file with text");
            }

            using SafeFileHandle handle = File.OpenHandle(path);
            return [path];
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unreadable(path, e);
        }
    }
}
