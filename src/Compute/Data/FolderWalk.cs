namespace MoeActors.Compute.Data;

/// <summary>The files below a folder, in an order that does not depend on the file system.</summary>
internal static class FolderWalk
{
    /// <summary>
    /// Relative paths with '/' of the files below <paramref name="root"/>, by ordinal order. Hidden entries, bin and obj are skipped, links to folders are
    /// not followed (they may lead in circles), links that lead nowhere are skipped. At most <paramref name="depth"/> folders deep.
    /// </summary>
    public static IReadOnlyList<string> Files(string root, int depth = int.MaxValue)
    {
        var found = new List<string>();
        Walk(new DirectoryInfo(root), "", depth, found);
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    /// <summary>Bytes of the file that <paramref name="path"/> is or leads to; null where it leads nowhere. Pipes, sockets and devices have 0.</summary>
    public static long? LengthOf(string path)
    {
        try
        {
            // A link reports its own length, so its end is looked up.
            var file = new FileInfo(path);
            file = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo;
            return file is { Exists: true } ? file.Length : null;
        }
        catch (IOException)
        {
            return null;   // links in a circle
        }
    }

    private static void Walk(DirectoryInfo folder, string prefix, int depth, List<string> found)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = folder.GetFileSystemInfos();
        }
        catch (Exception e) when (CorpusException.IsFileError(e))
        {
            throw CorpusException.Unreadable(folder.FullName, e);
        }

        foreach (FileSystemInfo entry in entries)
        {
            if (entry.Name.StartsWith('.'))
            {
                continue;
            }

            if (entry is not DirectoryInfo below)
            {
                if (LengthOf(entry.FullName) is not null)
                {
                    found.Add(prefix + entry.Name);
                }
            }
            else if (depth > 0 && entry.Name is not ("bin" or "obj") && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
            {
                Walk(below, $"{prefix}{entry.Name}/", depth - 1, found);
            }
        }
    }
}
