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
                if (File.Exists(entry.FullName))
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
