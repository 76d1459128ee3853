using System.Text;
using System.Text.Json;

using MoeActors.Compute.Files;

namespace MoeActors.Host.Reports;

/// <summary>
/// Append-only file of JSON objects, one a line. A line counts once its newline is there: a process killed in the middle of a write leaves a torn last
/// line, which readers skip and the next writer cuts off. Not thread-safe; one writer at a time: each takes the file over as a copy under the same name, so
/// that a former one which wakes up and does not know yet that it was replaced writes into a file that nobody reads.
/// </summary>
/// <typeparam name="T">What a line holds.</typeparam>
public sealed class JsonLinesWriter<T> : IDisposable
{
    private readonly FileStream _stream;

    /// <summary>Takes <paramref name="path"/> over for appending, creating it and its folder where needed, and cuts off a torn last line.</summary>
    public JsonLinesWriter(string path)
    {
        try
        {
            PrivateFiles.CreateFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
            _stream = TakeOver(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ReportException($"{path}: cannot be written: {e.Message} Make the folder writable or choose another --run-dir.", e);
        }
    }

    private static FileStream TakeOver(string path)
    {
        // One that was killed half-way leaves this file; the next overwrites it.
        string copy = path + ".next";
        FileStream stream = PrivateFiles.Create(copy);
        try
        {
            if (File.Exists(path))
            {
                using FileStream former = PrivateFiles.OpenToRead(path);
                former.CopyTo(stream);
            }

            stream.SetLength(WholeLines(stream));
            stream.Seek(0, SeekOrigin.End);
            stream.Flush(flushToDisk: true);
            File.Move(copy, path, overwrite: true);
            return stream;
        }
        catch
        {
            // Half a copy would keep a full disk full.
            stream.Dispose();
            File.Delete(copy);
            throw;
        }
    }

    /// <summary>Writes one line in one system call; when it returns, the line is the operating system's and survives this process. When it throws, the file is as before.</summary>
    public void Append(T line)
    {
        byte[] json = Encoding.UTF8.GetBytes(SealedLine.Seal(JsonSerializer.Serialize(line, ReportJson.Line)) + "\n");
        long whole = _stream.Position;
        try
        {
            _stream.Write(json);
        }
        catch (IOException)
        {
            // A full disk took part of the line: the next one must not be written behind it.
            _stream.SetLength(whole);
            _stream.Seek(whole, SeekOrigin.Begin);
            throw;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _stream.Dispose();

    /// <summary>Length of the file up to and with its last newline.</summary>
    private static long WholeLines(FileStream stream)
    {
        Span<byte> block = stackalloc byte[4096];
        for (long end = stream.Length; end > 0;)
        {
            long begin = Math.Max(0, end - block.Length);
            Span<byte> part = block[..(int)(end - begin)];
            stream.Seek(begin, SeekOrigin.Begin);
            stream.ReadExactly(part);
            int newline = part.LastIndexOf((byte)'\n');
            if (newline >= 0)
            {
                return begin + newline + 1;
            }

            end = begin;
        }

        return 0;
    }
}
