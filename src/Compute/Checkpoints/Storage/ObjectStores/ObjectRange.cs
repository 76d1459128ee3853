using System.Net;

namespace MoeActors.Compute.Checkpoints.Storage.ObjectStores;

/// <summary>
/// An object open for reading: its length is known. A large range is one request; small ones, of which a shard has many side by side, are cut from a window that one
/// request fills.
/// </summary>
internal sealed class ObjectFile(ObjectClient client, string key, long bytes) : IStoredFile
{
    /// <summary>Bytes of the window, and of the largest range served from it.</summary>
    private const int Window = 1 << 20, Small = 256 << 10;

    private readonly Lock gate = new();
    private byte[] window = [];
    private long windowAt;

    public long Bytes => bytes;

    public IRangeReader Range(long offset, long count)
    {
        if (count > Small || offset + count > bytes)
        {
            return new ObjectRange(client, key, offset, count);
        }

        lock (gate)
        {
            if (offset < windowAt || offset + count > windowAt + window.Length)
            {
                byte[] filled = new byte[Math.Min(Window, bytes - offset)];
                using var range = new ObjectRange(client, key, offset, filled.Length);
                int done = 0;
                for (int n; done < filled.Length && (n = range.Read(filled.AsSpan(done))) > 0;)
                {
                    done += n;
                }

                (window, windowAt) = (done == filled.Length ? filled : filled[..done], offset);
            }

            int from = (int)(offset - windowAt);
            return new WindowRange(window.AsMemory(from, (int)Math.Min(count, window.Length - from)));
        }
    }

    public void Dispose()
    {
        // Connections are the client's.
    }

    private sealed class WindowRange(ReadOnlyMemory<byte> left) : IRangeReader
    {
        private ReadOnlyMemory<byte> left = left;

        public int Read(Span<byte> into)
        {
            int n = Math.Min(into.Length, left.Length);
            left.Span[..n].CopyTo(into);
            left = left[n..];
            return n;
        }

        public void Dispose()
        {
            // The window is the file's.
        }
    }
}

/// <summary>A range streamed from the server; a connection lost in the middle is taken up again where it broke.</summary>
internal sealed class ObjectRange(ObjectClient client, string key, long offset, long count) : IRangeReader
{
    private HttpResponseMessage? answer;
    private Stream? body;
    private long done;

    public int Read(Span<byte> into)
    {
        if (done >= count || into.Length == 0)
        {
            return 0;
        }

        for (int attempt = 1; ; attempt++)
        {
            try
            {
                body ??= Ask();
                int n = body?.Read(into[..(int)Math.Min(into.Length, count - done)]) ?? 0;
                if (n > 0 || body is null)
                {
                    done += n;
                    return n;
                }

                throw new HttpIOException(HttpRequestError.ResponseEnded, "the answer ended too early");
            }
            catch (Exception e) when (ObjectClient.IsTransport(e))
            {
                Close();
                if (attempt >= client.Attempts)
                {
                    throw new ObjectStoreException($"{key}: the connection was lost {attempt} times after {done} of {count} bytes ({e.Message})", null, e);
                }

                client.Wait(attempt);
            }
        }
    }

    public void Dispose() => Close();

    /// <summary>The rest of the range; null where the object ends before it.</summary>
    private Stream? Ask()
    {
        var request = new ObjectRequest(HttpMethod.Get, key) { Headers = [("Range", $"bytes={offset + done}-{offset + count - 1}")] };
        try
        {
            answer = client.Send(request);
        }
        catch (ObjectStoreException e) when (e.Status == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return null;
        }

        return answer.StatusCode switch
        {
            HttpStatusCode.PartialContent => answer.Content.ReadAsStream(),
            HttpStatusCode.NotFound => null,

            // A range that is the whole object may be answered as a whole.
            HttpStatusCode.OK when offset + done == 0 && answer.Content.Headers.ContentLength == count => answer.Content.ReadAsStream(),
            _ => throw new ObjectStoreException($"{key}: the server answered a range with {(int)answer.StatusCode}; a server that honours Range is needed", answer.StatusCode),
        };
    }

    private void Close()
    {
        body?.Dispose();
        answer?.Dispose();
        (body, answer) = (null, null);
    }
}
