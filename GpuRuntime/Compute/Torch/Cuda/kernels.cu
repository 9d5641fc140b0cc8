// The parts of a pass that are not products of matrices. Each block computes one row, or one head of one row, by itself and in one
// order that follows from the row's position alone: so a row's bits do not depend on the rows beside it. Compiled at load with
// WIDE = 1 for binary32 elements and 0 for bfloat16, SPAN threads a block, and contraction of products and sums off.

#if WIDE
typedef float element;
__device__ float widen(element x) { return x; }
__device__ element narrow(float x) { return x; }
#else
typedef unsigned short element;
__device__ float widen(element x) { return __uint_as_float((unsigned)x << 16); }
__device__ element narrow(float x)
{
    unsigned bits = __float_as_uint(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
    {
        return 0x7fc0;
    }

    return (element)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
#endif

#define LARGEST_HEAD 512
#define LOWEST (-__int_as_float(0x7f800000))

// Where a row's sequence keeps its keys and values, [layers, 2, heads of keys, capacity, size], and the row's position in it. No row where base is null.
struct place
{
    element* base;
    int capacity;
    int position;
};

// Elements that are read at once.
struct __align__(16) eight
{
    element x[8];
};

// The sum, or the greatest, of the block's values, by one tree.
__device__ float total(float value, float* shared)
{
    __syncthreads();
    shared[threadIdx.x] = value;
    __syncthreads();
    for (int half = SPAN / 2; half > 0; half /= 2)
    {
        if (threadIdx.x < half)
        {
            shared[threadIdx.x] = shared[threadIdx.x] + shared[threadIdx.x + half];
        }

        __syncthreads();
    }

    return shared[0];
}

__device__ float greatest(float value, float* shared)
{
    __syncthreads();
    shared[threadIdx.x] = value;
    __syncthreads();
    for (int half = SPAN / 2; half > 0; half /= 2)
    {
        if (threadIdx.x < half)
        {
            shared[threadIdx.x] = fmaxf(shared[threadIdx.x], shared[threadIdx.x + half]);
        }

        __syncthreads();
    }

    return shared[0];
}

// Each row's vector of a table. A block for each row.
extern "C" __global__ void look_up(const element* table, const long long* ids, element* result, int width)
{
    for (int i = threadIdx.x; i < width; i += SPAN)
    {
        result[(size_t)blockIdx.x * width + i] = table[(size_t)ids[blockIdx.x] * width + i];
    }
}

// x += more, where there is more; then result = x / rms(x) * weight. A block for each row.
extern "C" __global__ void add_norm(element* x, const element* more, const float* weight, element* result, int width, float epsilon)
{
    __shared__ float shared[SPAN];
    element* row = x + (size_t)blockIdx.x * width;
    float sum = 0;
    for (int i = threadIdx.x; i < width; i += SPAN)
    {
        if (more != 0)
        {
            row[i] = narrow(widen(row[i]) + widen(more[(size_t)blockIdx.x * width + i]));
        }

        float value = widen(row[i]);
        sum = fmaf(value, value, sum);
    }

    float scale = 1.0f / sqrtf(total(sum, shared) / width + epsilon);
    for (int i = threadIdx.x; i < width; i += SPAN)
    {
        result[(size_t)blockIdx.x * width + i] = narrow(widen(row[i]) * scale * weight[i]);
    }
}

// Biases, norms of heads and rotation; queries to a buffer, keys and values to their sequence. A block for each row and head.
extern "C" __global__ void place_heads(
    const element* projected, const element* bias, const float* query_norm, const float* key_norm, const float* cosines, const float* sines,
    const place* places, element* queries, int layer, int heads, int key_heads, int size, float epsilon)
{
    __shared__ float shared[SPAN];
    __shared__ float head[LARGEST_HEAD];
    int which = blockIdx.y;
    place at = places[blockIdx.x];
    bool query = which < heads;
    if (at.base == 0 && !query)
    {
        return;
    }

    int all = heads + 2 * key_heads;
    const element* from = projected + ((size_t)blockIdx.x * all + which) * size;
    const float* norm = query ? query_norm : which < heads + key_heads ? key_norm : 0;
    float sum = 0;
    for (int i = threadIdx.x; i < size; i += SPAN)
    {
        float value = widen(from[i]);
        head[i] = bias != 0 ? value + widen(bias[which * size + i]) : value;
        sum = fmaf(head[i], head[i], sum);
    }

    if (norm != 0)
    {
        float scale = 1.0f / sqrtf(total(sum, shared) / size + epsilon);
        for (int i = threadIdx.x; i < size; i += SPAN)
        {
            head[i] = head[i] * scale * norm[i];
        }
    }

    __syncthreads();
    int pair = query ? 0 : (which - heads) / key_heads;
    int key_head = (which - heads) % key_heads;
    element* to = query
        ? queries + ((size_t)blockIdx.x * heads + which) * size
        : at.base + (((size_t)(layer * 2 + pair) * key_heads + key_head) * at.capacity + at.position) * size;
    int half = size / 2;
    for (int i = threadIdx.x; i < size; i += SPAN)
    {
        if (pair == 1)
        {
            to[i] = narrow(head[i]);
            continue;
        }

        size_t angle = (size_t)at.position * half + (i < half ? i : i - half);
        to[i] = narrow(i < half
            ? fmaf(head[i], cosines[angle], -(head[i + half] * sines[angle]))
            : fmaf(head[i], cosines[angle], head[i - half] * sines[angle]));
    }
}

__device__ float dot(const float* query, const element* key, int size)
{
    float sum = 0;
    if (size % 8 == 0)
    {
        for (int i = 0; i < size; i += 8)
        {
            eight part = *(const eight*)(key + i);
            for (int k = 0; k < 8; k++)
            {
                sum = fmaf(query[i + k], widen(part.x[k]), sum);
            }
        }

        return sum;
    }

    for (int i = 0; i < size; i++)
    {
        sum = fmaf(query[i], widen(key[i]), sum);
    }

    return sum;
}

// Softmax of a query's products with the keys that it sees, times their values: SPAN positions at a time from a multiple of SPAN on,
// ascending. A block for each row and head.
extern "C" __global__ void attend(
    const element* queries, const place* places, element* result, int layer, int heads, int key_heads, int size, int window, float scale)
{
    __shared__ float shared[SPAN];
    __shared__ float weights[SPAN];
    __shared__ float query[LARGEST_HEAD];
    place at = places[blockIdx.x];
    size_t own = ((size_t)blockIdx.x * heads + blockIdx.y) * size;
    for (int i = threadIdx.x; i < size; i += SPAN)
    {
        query[i] = widen(queries[own + i]);
        result[own + i] = narrow(0);
    }

    if (at.base == 0)
    {
        return;
    }

    const element* keys = at.base + ((size_t)(layer * 2) * key_heads + blockIdx.y / (heads / key_heads)) * at.capacity * size;
    const element* values = keys + (size_t)key_heads * at.capacity * size;
    int end = at.position + 1;
    int begin = window < end ? end - window : 0;
    float highest = LOWEST;
    float sum = 0;
    float mixed[LARGEST_HEAD / SPAN];
    for (int i = 0; i < LARGEST_HEAD / SPAN; i++)
    {
        mixed[i] = 0;
    }

    __syncthreads();
    for (int tile = begin / SPAN * SPAN; tile < end; tile += SPAN)
    {
        int position = tile + threadIdx.x;
        bool seen = position >= begin && position < end;
        float score = seen ? dot(query, keys + (size_t)position * size, size) * scale : LOWEST;
        float next = fmaxf(highest, greatest(score, shared));
        float kept = expf(highest - next);
        weights[threadIdx.x] = seen ? expf(score - next) : 0;
        sum = fmaf(sum, kept, total(weights[threadIdx.x], shared));
        int from = begin > tile ? begin - tile : 0;
        int count = end - tile < SPAN ? end - tile : SPAN;
        for (int i = 0; i < LARGEST_HEAD / SPAN; i++)
        {
            int column = threadIdx.x + i * SPAN;
            if (column < size)
            {
                float part = mixed[i] * kept;
                for (int k = from; k < count; k++)
                {
                    part = fmaf(weights[k], widen(values[(size_t)(tile + k) * size + column]), part);
                }

                mixed[i] = part;
            }
        }

        highest = next;
    }

    for (int i = 0; i < LARGEST_HEAD / SPAN; i++)
    {
        int column = threadIdx.x + i * SPAN;
        if (column < size)
        {
            result[own + column] = narrow(mixed[i] / sum);
        }
    }
}

// silu(gate) * up, where a row holds the gates and then the ups.
extern "C" __global__ void gate_up(const element* both, element* result, int width)
{
    int i = blockIdx.y * SPAN + threadIdx.x;
    if (i < width)
    {
        const element* row = both + (size_t)blockIdx.x * 2 * width;
        float gate = widen(row[i]);
        result[(size_t)blockIdx.x * width + i] = narrow(gate / (1.0f + expf(-gate)) * widen(row[width + i]));
    }
}
