#include <cstdio>
#include <cstdlib>
#include <chrono>
#include <deque>
#include <filesystem>
#include "raw_sqlite.hpp"
using namespace rowmq::bench;
static double run(RawSettings s,int body_n,int batch,int queues,double secs){
  s.path="/tmp/spike/s.db"; std::filesystem::remove_all("/tmp/spike"); std::filesystem::create_directories("/tmp/spike");
  RawSqlite raw(s); raw.declare(queues);
  std::string body(body_n,'x'); long id=1;
  auto make=[&]{std::vector<RawRow> v; for(int i=0;i<batch;++i){v.push_back({id,1+id%queues,body});++id;} return v;};
  std::deque<std::vector<RawRow>> back; 
  auto a=make(); raw.commit(a,{}); back.push_back(a);
  for(int i=0;i<3;++i){auto v=make(); raw.commit(v,back.front()); back.push_back(v); back.pop_front();}
  auto t0=std::chrono::steady_clock::now(); long n=0; double el;
  double c0=raw.checkpoint_seconds(),y0=raw.sync_seconds();
  do{auto v=make(); raw.commit(v,back.front()); back.push_back(v); back.pop_front(); n+=batch; el=std::chrono::duration<double>(std::chrono::steady_clock::now()-t0).count();}while(el<secs);
  printf("page=%5d av=%d cache=%6d ins=%3d rm=%s%d ckpt=%6d body=%4d batch=%4d queues=%3d : %8.0f msg/s  us/msg %.2f (commit %.2f ckpt %.2f)\n",s.page_bytes,s.incremental_vacuum,s.cache_kib,s.insert_rows,s.remove==RemoveShape::rows?"rows":s.remove==RemoveShape::lists?"list":"range",s.remove==RemoveShape::lists?s.list_rows:0,s.checkpoint_pages,body_n,batch,queues,n/el,1e6*el/n,1e6*(raw.sync_seconds()-y0)/n,1e6*(raw.checkpoint_seconds()-c0)/n);
  fflush(stdout); return n/el;
}
int main(int c,char**v){ double T=c>1?atof(v[1]):0.5;
  puts("# insert shapes (remove ranges)"); for(int ins:{1,8,64,128}){RawSettings s; s.insert_rows=ins; for(int b:{16,100,1024})run(s,b,1024,1,T);}
  puts("# remove shapes"); for(auto r:{RemoveShape::rows,RemoveShape::lists,RemoveShape::ranges})for(int q:{1,100}){RawSettings s; s.remove=r; for(int b:{16,1024})run(s,b,1024,q,T);}
  puts("# batch size"); for(int q:{1,100})for(int n:{64,256,1024,4096}){RawSettings s; for(int b:{16,100,1024})run(s,b,n,q,T);}
  puts("# page size"); for(int p:{4096,8192,16384})for(int q:{1,100}){RawSettings s; s.page_bytes=p; s.checkpoint_pages=4000*4096/p; for(int b:{16,100,1024})run(s,b,1024,q,T);}
  puts("# small batch by page size"); for(int p:{4096,8192,16384}){RawSettings s; s.page_bytes=p; s.checkpoint_pages=4000*4096/p; for(int b:{16,1024})run(s,b,16,1,T);}
  puts("# auto_vacuum"); for(bool a:{false,true}){RawSettings s; s.incremental_vacuum=a; for(int b:{16,100,1024})run(s,b,1024,1,T);}
  puts("# cache"); for(int k:{2000,8192,32768}){RawSettings s; s.cache_kib=k; for(int b:{16,1024})run(s,b,1024,1,T);}
  puts("# checkpoint policy"); for(int p:{250,1000,4000,16000}){RawSettings s; s.checkpoint_pages=p; for(int b:{16,100,1024})run(s,b,1024,1,2*T);}
  puts("# memory statistics on"); {RawSettings s; s.memory_statistics=true; run(s,16,1024,1,T);}
}
