using System.Buffers;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace MoeActors.Compute.Data;

/// <summary>
/// Files read as one long byte string, a newline between two files. Read by position through the page cache, never mapped: cutting a mapped file short
/// kills the process that reads it, and source text is edited while a run reads it. A file that no longer has the contents it was opened with is an error.
/// At most <see cref="MaxOpen"/> files are open at a time. Thread-safe.
/// </summary>
internal sealed class TextFiles : IDisposable
{
    /// <summary>Files kept open; the oldest gives way.</summary>
    public const int MaxOpen = 64;

    private const int StreamBytes = 1 << 20;
    private readonly Lock _gate = new();
    private readonly SourceFile[] _files;
    private readonly Queue<SourceFile> _open = new();

    private TextFiles(SourceFile[] files)
    {
        _files = files;
        Length = files.Length == 0 ? 0 : files[^1].Begin + files[^1].Length;
        Hash = HashOf(files.Select(f => (f.Length, f.Hash)));
    }

    /// <summary>Takes pieces of a streamed text; returns how many bytes it used, the rest comes again in front of the next piece.</summary>
    public delegate int Consumer(ReadOnlySpan<byte> bytes, bool last);

    /// <summary>Bytes of all files and of the newlines between them.</summary>
    public long Length { get; }

    /// <summary>Hash of order, sizes and contents; names and folders do not matter.</summary>
    public string Hash { get; }

    /// <summary>Hash of files' lengths and of the hashes of their contents, in order.</summary>
    public static string HashOf(IEnumerable<(long Length, byte[] Hash)> files)
    {
        var hash = new XxHash128();
        foreach ((long length, byte[] content) in files)
        {
            hash.Append(length);
            hash.Append(content);
        }

        return hash.Hex();
    }

    /// <summary>Number of files.</summary>
    public int Count => _files.Length;

    /// <summary>Reads each file once for its hash; throws <see cref="CorpusException"/> naming the one that cannot be read.</summary>
    public static TextFiles Open(IReadOnlyList<string> paths)
    {
        var files = new SourceFile[paths.Count];
        long begin = 0;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(StreamBytes);
        try
        {
            for (int i = 0; i < files.Length; i++)
            {
                files[i] = SourceFile.Read(paths[i], begin, buffer);
                begin += files[i].Length + 1;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return new TextFiles(files);
    }

    /// <summary>Fills <paramref name="bytes"/> from <paramref name="offset"/> on. Throws <see cref="CorpusException"/> when a file changed.</summary>
    public void Read(long offset, Span<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - bytes.Length);
        lock (_gate)
        {
            for (int f = Find(offset); bytes.Length > 0; f++)
            {
                SourceFile file = _files[f];
                int n = (int)Math.Min(bytes.Length, file.Begin + file.Length - offset);
                if (n > 0)
                {
                    file.Read(Handle(file), offset - file.Begin, bytes[..n]);
                }

                bytes = bytes[n..];
                offset += n;
                if (bytes.Length > 0)
                {
                    bytes[0] = (byte)'\n';
                    bytes = bytes[1..];
                    offset++;
                }
            }
        }
    }

    /// <summary>Gives <paramref name="length"/> bytes from <paramref name="offset"/> on to <paramref name="consumer"/>, in pieces of about a megabyte.</summary>
    public void Stream(long offset, long length, Consumer consumer)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(StreamBytes);
        try
        {
            int kept = 0;
            for (long end = offset + length; offset < end;)
            {
                int n = (int)Math.Min(end - offset, buffer.Length - kept);
                Read(offset, buffer.AsSpan(kept, n));
                offset += n;
                int used = consumer(buffer.AsSpan(0, kept + n), offset == end);
                kept = kept + n - used;
                buffer.AsSpan(used, kept).CopyTo(buffer);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            while (_open.TryDequeue(out SourceFile? file))
            {
                file.Close();
            }
        }
    }

    private SafeFileHandle Handle(SourceFile file)
    {
        if (file.Handle is null)
        {
            if (_open.Count >= MaxOpen)
            {
                _open.Dequeue().Close();
            }

            file.Open();
            _open.Enqueue(file);
        }

        return file.Handle!;
    }

    /// <summary>The file that holds the byte at <paramref name="offset"/> or the newline after it.</summary>
    private int Find(long offset)
    {
        int low = 0, high = _files.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = _files[middle].Begin <= offset ? (middle, high) : (low, middle - 1);
        }

        return low;
    }
}
